
%
customer4wb`Wfmòâh†ŸOÌC-2041
(
phone6J†Äï¿²m¾"œ*+33612345679
+
landline\a,4³µs<šd®?òl+33140205050
)
order$Ó"(‘­wù„ØcwÄ—Áacme/W-100043
9
call;‡êß00¦w#ë`eúcallcentre-fr/2026-03-16/33117

birth_date
1980-04-02
family_nameDurand

given_nameMarie
guest.given_nameLuc
guest.phone06 55 44 33 21