
s1c1till-12 *acme2paris-1:Europe/ParisBFRHRT12-0101Zreturn`h€Ô´¼ß®“x€À–ºÛ´“‚b˜íqPgª
orderfQ0­A½‘ôë–µÒ:
orderfQ0­A½‘ôë–µÚ¼lÒÎıÍ1HW‰²½ôQÊ

ŸEUR