
)
orderfQ0­A½‘ôë–µacme/W-100042