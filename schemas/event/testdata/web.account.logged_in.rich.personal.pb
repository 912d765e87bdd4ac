
%
customer4wb`Wfmòâh†ŸOÌC-2041
4
emailSÔÕ2ıã~ÕûæoIòÈmarie.durand@example.com
A
cookieÕD^â+¬€Xöm °Èñ$b2f7c1d0-5e1c-4b9f-9d0e-3a1f6c0a7e11
family_nameDurand

given_nameMarie