
s1c1till-12 *acme2paris-1:Europe/ParisBFRHRE-1Zloyalty.enrolled`h€Ü£Û€’x€À–ºÛ´“‚È8İBG¢
card6ƒ.ò_$åİùÔa…—Ò2
card6ƒ.ò_$åİùÔa…—ÚÔPæÚæŒÕóÈ.—}(}úÒ
club