
(
card6ƒ.ò_$åİùÔa…—2990001234567
4
emailSÔÕ2ıã~ÕûæoIòÈmarie.durand@example.com
(
phone6J†Äï¿²m¾"œ*+33612345679
'
payòä Hq¶ûg‰B¼Ô
ÀEtok_8Qe2mN4rT
,
household_cardbàºª³¥rlÉÔ:
HC77120
)
staff_discount?gÕÏ«—#À8÷‚S204
<
ticket(×äĞò
ßu³e«R}wI paris-1/till-12/2026-03-14/0018 
address_line12 rue des Lilas

birth_date
1980-04-02
cityParis
family_nameDurand

given_nameMarie
postal_code75011
regionÃle-de-France
titleMme.
beneficiary.address_line3 place du MarchÃ©
beneficiary.cityLyon
beneficiary.countryFR,
beneficiary.emailpaul.martin@example.org!
beneficiary.family_nameMartin
beneficiary.given_namePaul&
beneficiary.phone+33 6 98 76 54 32 
beneficiary.postal_code69002