
$
customer;l—ÍñAäH4•‘ŒÜlM14527
)
orderfQ0­A½‘ôë–µacme/W-100042