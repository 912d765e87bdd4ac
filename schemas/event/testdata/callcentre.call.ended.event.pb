
s1c1callcentre-fr *acme:Europe/ParisBFRHRk-1Z
call.ended`h€¨…ß¼¤“x€À–ºÛ´“‚¨ƒ™wš,ü¢
phone6J†Äï¿²m¾"œ*ª
callåÈ”Z±Õ;PèªuÇğ¸Ò2
phone6J†Äï¿²m¾"œ*ÚŞÚz;ğ5bSº‰C÷@´KÈšÔanswered