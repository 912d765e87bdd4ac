
s1c1till-12 *acme2paris-1:Europe/ParisBFRHRT12-V17Zevent.retracted`hÀÇª³ˆŸ“x€À–ºÛ´“‚e¯£üšÉq¢
card6ƒ.ò_$åİùÔa…—ª
ticket*WÌ‡QKÊM¯^Œz®iÒ2
card6ƒ.ò_$åİùÔa…—ÚÔPæÚæŒÕóÈ.—}(}úÊ
T12-0017sale