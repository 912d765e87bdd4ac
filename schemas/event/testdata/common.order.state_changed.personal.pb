
)
order$Ó"(‘­wù„ØcwÄ—Áacme/W-100043