
s1c1till-12 *acme2paris-1:Europe/ParisBFRHRos-2Zorder.state_changed`h€๐วฌข“pภ๔ฌข“x€ภ–บÛด“ค d๓tÜ•ข
card6.๒_$ๅÝ๙ิa…—ช
order$ำ"(‘ญw๙ุcwฤ—มา2
card6.๒_$ๅÝ๙ิa…—ฺิPๆฺๆี๓ศ.—}(}๚บn
	collectedparis-1
JUMPER-M-BLUE	collected
4006381333931	collected
4006381333931	cancelled