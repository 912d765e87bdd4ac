
s1c1callcentre-fr *acme:Europe/ParisBFRHRc-3Zcase.closed`h€ˆ†êŠ©“x€À–ºÛ´“‚£;¯):$ª
case}´y<ÎQ·d3õ›qÏàÒ:
case}´y<ÎQ·d3õ›qÏàÚƒû}­ðŽg†Ž~{ªª

refunded