-- The natural logarithm of the gamma function, for amounts from 0.5 (Lanczos' approximation with g = 7 and 9 terms).
create or replace macro log_gamma(amount) as
0.9189385332046727 + (amount - 0.5) * ln(amount + 6.5) - (amount + 6.5)
+ ln(
    0.9999999999998099
    + 676.5203681218851 / amount
    - 1259.1392167224028 / (amount + 1)
    + 771.3234287776531 / (amount + 2)
    - 176.6150291621406 / (amount + 3)
    + 12.507343278686905 / (amount + 4)
    - 0.13857109526572012 / (amount + 5)
    + 0.000009984369578019572 / (amount + 6)
    + 0.00000015056327351493116 / (amount + 7)
);
