
%
customer4wb`Wfmòâh†ŸOÌC-2041
"
case}´y<ÎQ·d3õ›qÏàacme/77