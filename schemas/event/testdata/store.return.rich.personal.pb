
(
card6ƒ.ò_$åİùÔa…—2990001234567
<
ticket(×äĞò
ßu³e«R}wI paris-1/till-12/2026-03-14/0018
<
ticketwÏÜ© áÕe&áæç²paris-1/till-12/2026-03-20/0102
family_nameDurand

given_nameMarie