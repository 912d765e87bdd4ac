
"
case}´y<ÎQ·d3õ›qÏàacme/77