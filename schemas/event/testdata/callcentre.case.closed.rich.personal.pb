
%
customer4wb`WfmтвЌh†џOМC-2041
"
caseСЉЏЛ|яjЧ®wx@ёacme/78