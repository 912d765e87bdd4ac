
%
customer4wb`Wfmòâh†ŸOÌC-2041
 
payvr–²ÍØ¹úÌÊı–ÚÚtok_9Z
A
device˜Û¾×ã.€19Ş
	‰äî$7d9f1a34-2c55-4e0b-8a66-0c4b1e2f9a10
'
order¦õ<…O
ı:0šQacme/M-7002
cityParis

given_nameMarie,
recipient.address_line3 place du MarchÃ©
recipient.cityLyon
recipient.countryFR*
recipient.emailpaul.martin@example.org
recipient.family_nameMartin
recipient.given_namePaul$
recipient.phone+33 6 98 76 54 32
recipient.postal_code69002