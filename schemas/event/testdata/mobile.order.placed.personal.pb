
%
customer4wb`Wfmעגh†OּC-2041
'
ordera+©¦cPdÚ>’D+acme/M-7001