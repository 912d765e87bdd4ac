
(
card6ƒ.ò_$åİùÔa…—2990001234567
4
emailSÔÕ2ıã~ÕûæoIòÈmarie.durand@example.com 
address_line12 rue des Lilas

birth_date
1980-04-02
cityParis
family_nameDurand

given_nameMarie
postal_code75011
regionÃle-de-France
titleMme
beneficiary.given_nameZoÃ©