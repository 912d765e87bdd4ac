
%
customer4wb`Wfmòâh†ŸOÌC-2041