
4
emailSÔÕ2ıã~ÕûæoIòÈmarie.durand@example.com
)
orderfQ0­A½‘ôë–µacme/W-100042