
%
customer4wb`Wfmòâh†ŸOÌC-2041
(
card6ƒ.ò_$åİùÔa…—2990001234567
4
emailSÔÕ2ıã~ÕûæoIòÈmarie.durand@example.com
(
phone6J†Äï¿²m¾"œ*+33612345679
&
company_card–ÊÔqY½åÌÛŸoSW÷CCO9
%
customer.(–M	Ê¹}–|ç¢C-0007
%
customer4wb`Wfmòâh†ŸOÌC-2041
%
customerD-ƒıìBşıÅ¤™Y„vC-0008
%
customer4wb`Wfmòâh†ŸOÌC-2041 
address_line12 rue des Lilas

birth_date
1980-04-02
cityParis
family_nameDurand

given_nameMarie
postal_code75011
regionÃle-de-France
titleMme