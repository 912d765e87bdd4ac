
s1c1till-12 *acme2paris-1:Europe/ParisBFRHRT12-V18Zevent.retracted`hºûˆŸ“p€ĞŞãŸ“x€À–ºÛ´“‚!Ó²Ùı	O¢
card6ƒ.ò_$åİùÔa…—¢
emailSÔÕ2ıã~ÕûæoIòÈª
ticket(×äĞò
ßu³e«R}wI ¸Ò2
card6ƒ.ò_$åİùÔa…—ÚÔPæÚæŒÕóÈ.—}(}úÊ 
T12-0018salewrong_customer