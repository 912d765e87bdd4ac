
s1c1web-fr *acme:Europe/ParisBFRHRv-2Zproduct.viewed`h€‚Ñµ†›“pÀ†¶†›“x€À–ºÛ´“‚|ÚºLZîù¢
customer4wb`Wfmòâh†ŸOÌ¢#
cookieÕD^â+¬€Xöm °Èñ €¦úÌ°ÒE

cookieÕD^â+¬€Xöm °Èñ€¦úÌ¬"
customer4wb`Wfmòâh†ŸOÌÚ»åNùÒÀ%ûUuq&û&ê
4006381333931
Stationery