
s1c1	mobile-fr *acme:Europe/ParisBFRHRm-1Zorder.placed`h€èÉÏ¯œ“x€À–ºÛ´“‚l›ä	×2MÇ¢
customer4wb`Wfmòâh†ŸOÌª
ordera+©¦cPdÚ>’D+Ò2
customer4wb`Wfmòâh†ŸOÌÚ„‘ÑË;—¸§áÍLZg„ƒú

ÄEUR