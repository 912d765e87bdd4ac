
%
customer4wb`Wfmעגh†OּC-2041
A
device˜Û¾׳ד.€19Þ
	‰המ$7d9f1a34-2c55-4e0b-8a66-0c4b1e2f9a10