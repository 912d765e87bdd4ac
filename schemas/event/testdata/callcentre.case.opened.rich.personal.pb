
%
customer4wb`Wfmòâh†ŸOÌC-2041
4
emailSÔÕ2ıã~ÕûæoIòÈmarie.durand@example.com
)
order$Ó"(‘­wù„ØcwÄ—Áacme/W-100043
"
caseÑŠË|ÿj×®wx@¸acme/78

given_nameMarie(
guest.address_line3 place du MarchÃ©

guest.cityLyon
guest.countryFR&
guest.emailpaul.martin@example.org
guest.family_nameMartin
guest.given_namePaul 
guest.phone+33 6 98 76 54 32
guest.postal_code69002