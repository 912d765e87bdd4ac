
s1c1till-12 *acme2paris-1:Europe/ParisBFRHRos-1Zorder.state_changed`h€€Ÿé·¡“x€À–ºÛ´“‚ lwyrÃPßª
order$Ó"(‘­wù„ØcwÄ—ÁÒ:
order$Ó"(‘­wù„ØcwÄ—ÁÚ#”rÛ˜€¤·˜)záº
ready