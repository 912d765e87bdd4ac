
s1c1web-fr *acme:Europe/ParisBFRHRo-1Zorder.placed`h€º‰¨‡›“x€À–ºÛ´“‚—m¿æZÖ0¢
emailSÔÕ2ıã~ÕûæoIòÈª
orderfQ0­A½‘ôë–µ¸Ò2
emailSÔÕ2ıã~ÕûæoIòÈÚã¾aÇ%ËÍ*ìwBË¤6ú\
÷#EUR+
JUMPER-M-BLUEClothing / Jumpers Ÿ(Ÿ#
4006381333931
Stationery ¬(Ø