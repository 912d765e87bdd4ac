
(
card6ѓ.тЌЏ_$еЭщФa…—2990001234567
4
emailSФХ2эг~ХыжoIтИmarie.durand@example.com