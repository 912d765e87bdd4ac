
s1c1till-12 *acme2paris-1:Europe/ParisBFRHRT12-0017Zsale`hÀÇª³ˆŸ“x€À–ºÛ´“‚ÛúR”bğì¢
card6ƒ.ò_$åİùÔa…—ª
ticket*WÌ‡QKÊM¯^Œz®iÒ2
card6ƒ.ò_$åİùÔa…—ÚÔPæÚæŒÕóÈ.—}(}úÂ\
÷#EUR+
JUMPER-M-BLUEClothing / Jumpers Ÿ(Ÿ#
4006381333931
Stationery ¬(Ø