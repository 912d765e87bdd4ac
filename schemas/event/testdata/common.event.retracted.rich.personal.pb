
(
card6ƒ.ò_$åİùÔa…—2990001234567
4
emailSÔÕ2ıã~ÕûæoIòÈmarie.durand@example.com
<
ticket(×äĞò
ßu³e«R}wI paris-1/till-12/2026-03-14/0018