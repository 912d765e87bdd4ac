
s1c1callcentre-fr *acme:Europe/ParisBFRHRc-4Zcase.closed`h€–Ô†‹©“pÀš‘‡‹©“x€À–ºÛ´“‚=‰èy–f]v¢
customer4wb`Wfmòâh†ŸOÌª
caseÑŠË|ÿj×®wx@¸Ò2
customer4wb`Wfmòâh†ŸOÌÚ„‘ÑË;—¸§áÍLZg„ƒª

repaired