"""Which characters look like others: Unicode's confusables.txt, as far as names need it.

Made by tests/support/confusables.py. The data is (c) Unicode, Inc., under the Unicode License V3.
"""

TABLE = """\
ᔯ ·4 ᑾ ·b ᒀ ·b\u0307 ᑺ ·d ᒘ ·J ᒶ ·L ᑶ ·P ᑗ ·U ᐺ ·V ᒮ ·Γ ᐎ ·Δ ᑙ ·Ո ᐌ ·ᐁ ᐐ ·ᐄ ᐒ ·ᐅ ᐔ ·ᐆ ᐗ ·ᐊ ᐙ ·ᐋ ᐾ
·ᐲ ᑂ ·ᐴ ᑆ ·ᐹ ᑛ ·ᑏ ᑔᑝ ·ᑐ ᑟ ·ᑑ ᑡ ·ᑕ ᑣ ·ᑖ ᑴ ·ᑫ ᑸ ·ᑮ ᑼ ·ᑰ ᒒ ·ᒉ ᒔ ·ᒋ ᒖ ·ᒌ ᒚ ·ᒎ ᒜ ·ᒐ ᒞ ·ᒑ ᒬ ·ᒣ ᒰ ·ᒦ ᒲ ·ᒧ
ᒴ ·ᒨ ᒸ ·ᒫ ᓉ ·ᓀ \u18c6 ·ᓂ \u18c8 ·ᓃ \u18ca ·ᓄ \u18cc ·ᓅ ᓋ ·ᓇ ᓍ ·ᓈ ᓜ ·ᓓ ᓞ ·ᓕ ᓠ ·ᓖ ᓢ ·ᓗ ᓤ ·ᓘ ᓦ ·ᓚ ᓨ ·ᓛ
ᓶ ·ᓭ ᓸ ·ᓯ ᓺ ·ᓰ ᓼ ·ᓱ ᓾ ·ᓲ ᔀ ·ᓴ ᔂ ·ᓵ ᔗ ·ᔐ ᔙ ·ᔑ ᔛ ·ᔒ ᔝ ·ᔓ ᔟ ·ᔔ ᔡ ·ᔕ ᔣ ·ᔖ ᔱ ·ᔨ ᔳ ·ᔩ ᔵ ·ᔪ ᔷ ·ᔫ ᔹ ·ᔭ ᔻ ·ᔮ
\u18ce ·ᕃ \u18cf ·ᕆ \u18d0 ·ᕇ \u18d1 ·ᕈ \u18d2 ·ᕉ \u18d3 ·ᕋ ᕎ ·ᕌ ᕛ ·ᕚ ᕨ ·ᕧ Ɓ 'B Ɗ 'D Ƥ 'P Ƭ 'T Ƴ 'Y
\U0001f110 (A) \U0001f111 (B) \U0001f112 (C) \U0001f113 (D) \U0001f114 (E) \U0001f115 (F)
\U0001f116 (G) \U0001f117 (H) \U0001f119 (J) \U0001f11a (K) \U0001f118 (l) \U0001f11b (L)
\U0001f11c (M) \U0001f11d (N) \U0001f11e (O) \U0001f11f (P) \U0001f120 (Q) \U0001f121 (R)
\U0001f122\U0001f12a (S) \U0001f123 (T) \U0001f124 (U) \U0001f125 (V) \U0001f126 (W) \U0001f127 (X)
\U0001f128 (Y) \U0001f129 (Z) \u321d (오전) \u321e (오후) \U0001f241 (三) \U0001f242 (二) \U0001f247 (勝)
\U0001f243 (安) \U0001f245 (打) \U0001f248 (敗) \U0001f240 (本) \U0001f244 (点) \U0001f246 (盗) \u27c8
\u005cᑕ ъ ˉb \ua651 ˉbi ⥯ ⇃ᛚ ⨧ +₂ —―─━\u31d0\ua7f7ᅳ一 ー ᆖ ーー \ud7b9 ーᅡ \ud7ba ーᅥ \ud7bb ーᅥ丨 \ud7bc
ーᅩ ᆕ ーᅮ ᅴ ー丨 ᆗ ー丨ᅮ \U000114d1 ১ ೧ ౧ \u1065 ၁ \u23e8 ₁₀ \U0001fbf2\ua75aƧϨ\ua644ᒿ\ua6ef 2 \ua9cf۲ ٢
૨ २ \U000114d2 ২ ೨ ౨ ƻ 2\u0335 \U0001f103 2,
\U0001d206\U0001fbf3\ua7abȜƷ\ua76a\u2cccЗӠ\U00016f3b\U000118ca 3 ۳\U0001e8c9 ٣ ૩ ३ Ҙ 3\u0326
\U0001f104 3, \U0001fbf4Ꮞ\U000118af 4 ۴ ٤ ૪ ४ \U0001f105 4, ᔰ 4· \U0001fbf5Ƽ\U000118bb 5 \U0001f106
5, \U0001fbf6\u2cd2бᏮ\U000118d5 6 ۶ ٦ \U000114d6 ৬ \U0001f107 6,
\U0001d212\U0001fbf7\U000104d2\U000118c6 7 \U0001f108 7, ৪੪\U0001e8cb\U0001fbf8ȣȢ𐌚 8 ૮ ८ \U0001f109
8, ੧୨৭൭\U0001fbf9\ua76e\u2cca\U000118cc\U000118ac\U000118d6 9 १\U000118e4۹ ٩ ೯ ౯ \U0001f10a 9, ⍺ɑαа
a ΑАᎪᗅ\ua4ee\U00016f40\U000102a0 A ⍶ a\u0332 \ua733 aa \ua732 AA æӕ ae ÆӔ AE \ua735 ao \ua734 AO
\U0001f707 AR \ua737 au \ua736 AU \ua739\ua73b av \ua738\ua73a AV \ua73d ay \ua73c AY ƄЬᏏᑲᖯ b
\ua7b4ΒВᏴᗷ\ua4d0\U00010282\U000102a1𐌁 B ɓ b\u0314 ᑳ b\u0307 ƃƂБ b\u0304 ƀҍҌѣѢ b\u0335 ᑿ b· ᒁ
b\u0307· ᒈ b' Ы bl в\u13fc ʙ \u1d04\u2ca5с\uabaf𐐽 c
\U0001f74c\U000118f2\U000118e9\u03f9\u2ca4СᏟ\ua4da\U000102a2𐌂𐐕\U0001051c C ¢\u023c c\u0338 ₡
C\u20eb \U0001f16e C\u20e0 ҫ c\u0326 Ҫ C\u0326 Ƈ C' ԁᏧᑯ\ua4d2 d Ꭰᗞᗪ\ua4d3 D ɗ d\u0314 ɖ d\u0328 ƌ
d\u0304 đ d\u0335 ĐÐƉ D\u0335 ₫ d\u0335\u0331 ᑻ d· ᒇ d' ʤ dȝ ʣ dz ʥ dʑ ℮\uab32еҽ e
⋿ΕЕ\u2d39Ꭼ\ua4f0\U000118a6\U000118ae\U00010286 E \u0247 e\u0338 \u0246 E\u0338 ҿ e\u0328 əә ǝ
∃\u2d3a\ua4f1 Ǝ ɚ ǝ˞ \u1d14 ǝo \uab41 ǝo\u0338 \uab42 ǝo\u0335 Ә Ə \U0001d221\u0510Ꮛ\U00016f2d𐐁 Ɛ
\u1d08з ɜ ҙ ɜ\u0326 𐑂 ɞ \ua79d𐐪 ʚ \uab35\ua799\u1e9dք f
\U0001d213\ua798Ϝ\U0001d7caᖴ\ua4dd\U000118c2\U000118a2\U00010287\U000102a5\U00010525 F ƒ f\u0326 Ƒ
F\u0326 \u1d6e f\u0334 \u213b FAX ʩ fŋ ɡ\u1d83ƍց g ԌᏀᏳ\ua4d6 G ɠ g\u0314 ǥ g\u0335 Ǥ G\u0335 Ɠ G'
ԍ\uab90\u13fb ɢ һհᏂ h Η\u2c8eНᎻᕼ\ua4e7\U000102cf H ɦ\ua695Ᏺ h\u0314 \u2c67Ң H\u0329 ħћ h\u0335 Ħ
H\u0335 ӉӇ H\u0326 н\uab8b ʜ ң ʜ\u0329 ӊӈ ʜ\u0326 Ԋ Ƕ ⍳ı\U0001d6a4ɪɩιі\ua647\u04cf\uab75Ꭵ\U000118c3
i ⍸ i\u0332 ɨ\u1d7b\u1d7c i\u0335 ϳј j \ua7b2\u037fЈᎫᒍ\ua4d9 J \u0249 j\u0335 \u0248 J\u0335 ᒙ J·
Κ\u2c94КᏦᛕ\ua4d7\U00010518 K ƙ k\u0314 \u2c69Қ K\u0329 ₭\ua740Ҟ K\u0335 Ƙ K'
\u05c0|∣\u23fd1١۱𐌠\U0001e8c7\U0001fbf1IƖ\U0001d4c1ǀΙ\u2c92ІӀ\u05d5\u05df\u0627\U0001ee00\U0001ee80\u07ca\u2d4fᛁ\ua4f2\U00016f28\U0001028a𐌉
l \U0001d22a\u2cd0Ꮮᒪ\ua4e1\U00016f16\U000118a3\U000118b2𐐛\U00010526 L ł l\u0338 Ł L\u0338 ɭ l\u0328
Ɨƚ l\u0335 ɫ l\u0334 \u0673 l\u0655 ᒷ l· \U0001f102 l, \u05f1 l' ‖∥ǁ\u05f0 ll \U00010199
l\u0335l\u0335 \U00010198 l\u0335l\u0335S\u0335 Ю lO ʪ ls \u20b6 lt ɮ lȝ ʫ lz \u0672 l\u0674
\u2cd1\uabae𐑃 ʟ Μ\u03fa\u2c98МᎷᗰᛖ\ua4df\U000102b0𐌑 M Ӎ M\u0326 \U0001f76b MB ոռ n
Ν\u2c9a\ua4e0\U00010513 N \U0001018e N\u030a ɳ n\u0328 ƞη n\u0329 Ɲ N\u0326 \u1d70 n\u0334
०੦૦\u0be6౦೦൦๐໐၀٥۵\u1d0f\u1d11\uab3dοσ\u2c9fо\u10ffօ\u05e1\u0647\U0001ee24\U0001ee64\U0001ee84\u06be\u06c1\u06d5ഠဝ\U000104ea\U000118c8\U000118d7𐐬
o
0\u07c0০୦〇\U000114d0\U000118e0\U0001fbf0Ο\u2c9eОՕ\u2d54ዐଠ\U000104c2\ua4f3\U000118b5\U00010292\U000102ab𐐄\U00010516
O \u1d52 º \u06ff o\u0302 ø\uab3e o\u0338 Ø\u2d41 O\u0338 ɵ\ua74bөѳ\uab8e\uabbb o\u0335
⊖⊝⍬\U0001d21a\U0001f714Ɵ\ua74aθΘӨѲ\u2d31ᎾᏫ O\u0335 \uab74 o\u031b \U0001f101 O, \U0001f100 O. Ꭴ O'
%٪⁒ º/₀ ‰\u0609 º/₀₀ ‱\u060a º/₀₀₀ œ oe Œ OE ɶ o\u1d07 ∞\ua74f\ua699 oo \ua74e\ua698 OO \u0d5f oരo
တ o\u102c \u2184\u1d10\u037b𐑋 ɔ Ↄ\u03fd\ua4db𐐣 Ɔ \uab3f ɔ\u0338 \uab62 ɔe 𐐿 ɷ ⍴ρ\u2ca3р p
Ρ\u2ca2РᏢᑭ\ua4d1\U00010295 P ƥ p\u0314 \u1d7d p\u0335 ᑷ p· ᒆ P' φ\u2cabф ɸ \u051bգզ q \u2d55 Q ʠ
q\u0314 \U0001f700 QE \u1d0bκ\u2c95к\uabb6 ĸ қ ĸ\u0329 ҟ ĸ\u0335 \uab47\uab48\u1d26\u2c85г\uab81 r
\U0001d216ƦᎡᏒ\U000104b4ᖇ\ua4e3\U00016f35 R ɽ r\u0328 ɼ r\u0329 \u024dғ r\u0335 \u1d72 r\u0334 ґ r'
\U000118e3m\U00011700 rn ₥ rn\u0338 ɱ rn\u0326 \u1d6f rn\u0334 \uab71\uaba2 ʀ \u1d73 ɾ\u0334 ℩ ɿ
\ua731ƽѕ\uabaa\U000118c1𐑈 s ЅՏᏕᏚ\ua4e2\U00016f3a\U00010296𐐠 S ʂ s\u0328 \u1d74 s\u0334 \ua7b5βᏰ ß
\U0001f75c sss ∫\uab4d ʃ ∑Σ\u2d49 Ʃ
⊤⟙\U0001f768Τ\u2ca6ТᎢ\ua4d4\U00016f0a\U000118bc\U00010297\U000102b1𐌕 T ƭ t\u0314 ⍡ T\u0308 \u023e
T\u0338 Ʈ T\u0328 Ҭ T\u0329 ₮ T\u20eb ŧ t\u0335 Ŧ T\u0335 \u1d75 t\u0334 \ua728 T3 ʨ tɕ \ua777 tf ʦ
ts ʧ tʃ \ua729 tȝ Ꮏ ƫ \ua79f\u1d1c\uab4e\uab52ʋυս\U000104f6\U000118d8 u
∪⋃Սሀ\U000104ceᑌ\ua4f4\U00016f42\U000118b8 U \u1d7e\uab9c u\u0335 \u0244Ꮜ U\u0335 ᑘ U· ᑧ U' \u1d6b
ue \uab63 uo պሣ ɰ ℧ᘮᘴ Ʊ \u1d7f ʊ\u0335 ∨⋁\u1d20νѵ\u05d8\U00011706\uaba9\U000118c0 v
\U0001d20d٧۷Ѵ\u2d38Ꮩᐯ\ua6df\ua4e6\U00016f08\U000118a0\U0001051d V \U00010197 V\u0335 ᐻ V·
\U0001f76c VB \U0001f708 V\u1de4 \u1d27\U000104d8 ʌ
ɯ\u1d21ѡ\u051dա\U0001170a\U0001170e\U0001170f\uab83 w \U000118ef\U000118e6\u051cᎳᏔ\ua4ea W ѽ
w\u0486\u0487 \U000114c5 w\u0307 ₩ W\u0335 \ua761 w\u0326 \u1d0dм\uab87 ʍ ӎ ʍ\u0326 ᙮×⤫⤬⨯хᕁᕽ x
᙭╳𐌢\U000118ec\ua7b3Χ\u2cacХ\u2d5dᚷ\ua4eb\U00010290\U000102b4𐌗\U00010527 X ⨰ x\u0307 Ҳ X\u0329
\U00010196 X\u0335 ɣ\u1d8cʏ\u1eff\uab5aγуүყ\U000118dc y
Υ\u2ca8УҮᎩᎽ\ua4ec\U00016f43\U000118a4\U000102b2 Y ƴ y\u0314 \u024fұ y\u0335 ¥\u024eҰ Y\u0335
ʒ\ua76b\u2ccdӡჳ ȝ \u1d22\uab93\U000118c4 z \U000102f5\U000118e5ΖᏃ\ua4dc\U000118a9 Z ʐ z\u0328 ƶ
z\u0335 Ƶ Z\u0335 ȥ z\u0326 Ȥ Z\u0326 \u1d76 z\u0334 ƿ\u03f8 þ \u03f7\U000104c4 Þ \u1d24ϩ\ua645 ƨ
ь\uab9f ƅ ы ƅi \ua6cd ʡ ⊙☉⨀\ua668\u2d59\U000104c3 ʘ \u2c84ГᎱᒥ\U00016f07 Γ Ғ Γ\u0335 ᒯ Γ· Ґ Γ'
∆△\U0001f702\u2c86\u2d60ᐃ\U00016f1a\U00010285\U000102a3 Δ ⍙ Δ\u0332 ᐏ Δ· ᐬ Δᐠ \U0001d7cb ϝ \u2ce4 ϗ
\u2c96\U000104db λ \u213c\u1d28п π ∏\u2ca0П\ua6db Π \U000102ad𐌒 Ϙ ϛ ς \u2caaФՓቀᛰ\U000102b3 Φ
\uab53\uab55\u2cad χ ѱ\U000104f9 ψ \u2caeѰ\U000104d1ᛘ\U000102b5 Ψ ⍵\ua7b7\u2cb1\ua64d ω
ᘯᘵ\U000102b6 Ω ⍹ ω\u0332 \u2cdc Ϭ җ ж\u0329 Җ Ж\u0329 \U0001d20b\u0376\ua6a1𐐥 И Ҋ Ѝ\u0326 ҋ й\u0326
\U000104bc Ӄ \u1d2b л ӆ л\u0326 \uab60 љ \U000104cd Ћ \U0001d222Ꮗᗯ Ѡ Ѽ Ѡ\u0486\u0487 \u18ed Ѡ· ӌ ҷ
Ӌ Ҷ Ҿ Ҽ\u0328 \u2cbd ш \u2cbc Ш \ua650 Ъl ℈ Э ኔ ձ ∩⋂\U0001d245በᑎ\ua4f5 Ո ᑚ Ո· ᑨ Ո' \u20bd Ք ˓ʿ ՙ
\u06fd \u0621\u0348 \U0001ee01\U0001ee21\U0001ee61\U0001ee81\U0001eea1 \u0628 \u0751 \u0628\u06db
\u08b6 \u0628\u06e2 \u08a1 \u0628\u0654 \u06d0 \u067b ⍥\u06c3 \u0629
\U0001ee15\U0001ee35\U0001ee75\U0001ee95\U0001eeb5 \u062a
\U0001ee02\U0001ee22\U0001ee42\U0001ee62\U0001ee82\U0001eea2 \u062c
\U0001ee07\U0001ee27\U0001ee47\U0001ee67\U0001ee87\U0001eea7 \u062d \u0685 \u062d\u06db
\u0681\u0772 \u062d\u0654 \U0001ee17\U0001ee37\U0001ee57\U0001ee77\U0001ee97\U0001eeb7 \u062e
\U000102e1\U0001ee03\U0001ee83\U0001eea3 \u062f \u0688 \u062f\u0615 \u068e \u062f\u06db \u06ee
\u062f\u0302 \u08ae \u062f\u0324\u0323 \U0001ee18\U0001ee98\U0001eeb8 \u0630 \u068b \u068a\u0615
\U0001ee13\U0001ee93\U0001eeb3 \u0631 \u0691 \u0631\u0615 \u0698 \u0631\u06db \u0692 \u0631\u0306
\u08b9 \u0631\u0306\u0307 \u06ef \u0631\u0302 \u076c \u0631\u0654 \U0001ee06\U0001ee86\U0001eea6
\u0632 \u08b2 \u0632\u0302 \u0771 \u0697\u0615
\U0001ee0e\U0001ee2e\U0001ee4e\U0001ee6e\U0001ee8e\U0001eeae \u0633
\u0634\U0001ee14\U0001ee34\U0001ee54\U0001ee74\U0001ee94\U0001eeb4 \u0633\u06db \u077e \u0633\u0302
\U000102f2\U0001ee11\U0001ee31\U0001ee51\U0001ee71\U0001ee91\U0001eeb1 \u0635 \u069e \u0635\u06db
\u08af \u0635\u0324\u0323 \U0001ee19\U0001ee39\U0001ee59\U0001ee79\U0001ee99\U0001eeb9 \u0636
\U000102e8\U0001ee08\U0001ee68\U0001ee88\U0001eea8 \u0637 \u069f \u0637\u06db
\U0001ee1a\U0001ee7a\U0001ee9a\U0001eeba \u0638
\u060f\U0001ee0f\U0001ee2f\U0001ee4f\U0001ee6f\U0001ee8f\U0001eeaf \u0639
\U0001ee1b\U0001ee3b\U0001ee5b\U0001ee7b\U0001ee9b\U0001eebb \u063a
\U0001ee10\U0001ee30\U0001ee70\U0001ee90\U0001eeb0\u06a7 \u0641
\U0001ee1e\U0001ee7e\u08bb\u066f\U0001ee1f\U0001ee5f\u08bc \u06a1 \u06a4\u06a8 \u06a1\u06db \u08a4
\u06a2\u06db \U0001ee12\U0001ee32\U0001ee52\U0001ee72\U0001ee92\U0001eeb2 \u0642
\U0001ee0a\U0001ee2a\U0001ee6a\u06a9\u06aa \u0643 \u06ad\u0763 \u0643\u06db \u0762 \u06ac \u08b0
\u06af \u06b4 \u06af\u06db \U0001ee0b\U0001ee2b\U0001ee4b\U0001ee8b\U0001eeab \u0644 \u06b7
\u0644\u06db \u06b5 \u0644\u0306 \U0001ee0c\U0001ee2c\U0001ee6c\U0001ee8c\U0001eeac \u0645 \u08a7
\u0645\u06db \u06fe \u0645\u0348 \U0001ee0d\U0001ee2d\U0001ee4d\U0001ee6d\U0001ee8d\U0001eead
\u0646 \u0768 \u0646\u0615 \u0769 \u0646\u0306 \U000102e4\U0001ee05\U0001ee85\U0001eea5\u08b1
\u0648 \u06cb \u0648\u06db \u06c7 \u0648\u0313 \u06c6 \u0648\u0306 \u06c9 \u0648\u0302 \u06c8
\u0648\u0670
\u066e\U0001ee1c\U0001ee7c\u06ba\U0001ee1d\U0001ee5d\u08bd\u064a\U0001ee09\U0001ee29\U0001ee49\U0001ee69\U0001ee89\U0001eea9\u06cc\u06d2
\u0649 \u0679\u06bb \u0649\u0615
\u067e\u062b\U0001ee16\U0001ee36\U0001ee76\U0001ee96\U0001eeb6\u06bd\u06d1\u063f \u0649\u06db
\u08b7 \u0649\u06db\u06e2 \u0756\u06ce \u0649\u0306 \u08ba \u0649\u0306\u0307 \u063d \u0649\u0302
\u08a8 \u0649\u0654 Մ ሆ Ռ ቡ Ի ኮ Պ ጣ आ अ\u093e ऒ अ\u093e\u0946 ओ अ\u093e\u0947 औ अ\u093e\u0948
\u0904 अ\u0946 ऑ अ\u0949 ऍ ए\u0945 ऎ ए\u0946 ऐ ए\u0947 ई र\u094dइ ઽ ऽ আ অ\u09be ৠৡ ঋ\u09c3
\U00011492 ঘ \U00011494 চ \U00011496 জ \U00011498 ঞ \U00011499 ট \U0001149b ড \U000114aa ণ
\U0001149e ত \U0001149f থ \U000114a0 দ \U000114a1 ধ \U000114a2 ন \U000114a3 প \U000114a9 ব
\U000114a7 ম \U000114a8 য \U000114ab র \U0001149d ল \U000114ad ষ \U000114ae স ਉ ੳ\u0a41 ਊ ੳ\u0a42 ਆ
ਅ\u0a3e ਐ ਅ\u0a48 ਔ ਅ\u0a4c ਇ ੲ\u0a3f ਈ ੲ\u0a40 ਏ ੲ\u0a47 આ અ\u0abe ઑ અ\u0abe\u0ac5 ઓ અ\u0abe\u0ac7
ઔ અ\u0abe\u0ac8 ઍ અ\u0ac5 એ અ\u0ac7 ઐ અ\u0ac8 ଆ ଅ\u0b3e ௮ அ ர ஈ ௫ ஈ\u0bc1 ௨ഉ உ ஊ உள ഊ உ\u0d57 ௭ எ
\u0bf7 எவ ஜജ ஐ ௧ க ௪ ச ௬ ச\u0bc1 ௲ ச\u0bc2 \u0d3a ட\u0bbf ണ ண \u0bfa ந\u0bc0 \u0bf4 ம\u0bc0 ௰ ய ഴ ழ
\u0bf8 ஷ ಅ అ ಆ ఆ ಇ ఇ ౠ ఋ\u0c3e ౡ ఌ\u0c3e ಒ ఒ ఔಔ ఒ\u0c4c ఓಓ ఒ\u0c55 ಜ జ ಞ ఞ ఢ డ\u0323 ಣ ణ థ ధ\u05bc
భ బ\u0323 ಯ య ఠ ర\u05bc ಱ ఱ ಲ ల ష వ\u0323 హ వ\u0c3e మ వ\u0c41 ೡ ಌ\u0cbe ഈ ഇ\u0d57 ഐ എ\u0d46 ഓ
ഒ\u0d3e ഔ ഒ\u0d57 ൡ ഞ ൫ ദ\u0d4dര \u0d79ഌങ ന\u0d41 ൯\u0d7b ന\u0d4d ൬ ന\u0d4dന \u0d5a ന\u0d4dമ റ ര
൪\u0d7c ര\u0d4d ൮ വ\u0d4dര \u0d76 ഹ\u0d4dമ \u0dea ජ \u0deb ද ฃ ข ดต ค ม ฆ ຈ จ ซ ช ฏ ฎ ท ฑ ບ บ ປ ป ຝ
ฝ ພ พ ຟ ฟ ฦ ภ ຍ ย ។ ฯ ๅ า แ เเ ༂ འ\u0f74\u0f82\u0f7f ༃ འ\u0f74\u0f82༔ ཪ ར ༀ ཨ\u0f7c\u0f7e \u1081
ဂ\u103e က ဂ\u102c \u1070 ဃ\u103e \u1066 ပ\u103e ဟ ပ\u102c \u106f ပ\u102c\u103e ဩ သ\u103c ဪ
သ\u103c\u1031\u102c\u103a ឣ អ ᢖ ᡜ ᡕ ᠵ ᐍ ᐁ· ᐫ ᐁᐠ ᐑ ᐄ· ᐓ ᐅ· ᐭ ᐅᐠ ᐕ ᐆ· ᐘ ᐊ· ᐮ ᐊᐠ ᐚ ᐋ· \u18dd ᐞ\u18df ᓑ
ᐡ ᕀ ᐩ ᐿ ᐲ· ᑃ ᐴ· ⍩ ᐵ ᑇ ᐹ· ᑜ ᑏ· \u2e27⊃ ᑐ ᑞ ᑐ· ᑩ ᑐ' \u27c9 ᑐ/ ⫗ ᑐᑕ ᑠ ᑑ· \u2e26⊂ ᑕ ᑢ ᑕ· ᑪ ᑕ' ᑤ ᑖ· ᑵ ᑫ·
ᒅ ᑫ' ᑹ ᑮ· ᑽ ᑰ· ᘃ ᒉ ᒓ ᒉ· ᒕ ᒋ· ᒗ ᒌ· ᒛ ᒎ· ᘂ ᒐ ᒝ ᒐ· ᒟ ᒑ· ᒭ ᒣ· ᒱ ᒦ· ᒳ ᒧ· ᒵ ᒨ· ᒹ ᒫ· ᓊ ᓀ· \u18c7 ᓂ· \u18c9
ᓃ· \u18cb ᓄ· \u18cd ᓅ· ᓌ ᓇ· ᓎ ᓈ· ᘄ ᓓ ᓝ ᓓ· ᓟ ᓕ· ᓡ ᓖ· ᓣ ᓗ· ᓥ ᓘ· ᘇ ᓚ ᓧ ᓚ· ᓩ ᓛ· ᓷ ᓭ· ᓹ ᓯ· ᓻ ᓰ· ᓽ ᓱ· ᓿ
ᓲ· ᔁ ᓴ· ᔃ ᓵ· ᔌ ᔋ< ᔎ ᔋb ᔍ ᔋᑕ ᔏ ᔋᒐ ᔘ ᔐ· ᔚ ᔑ· ᔜ ᔒ· ᔞ ᔓ· ᔠ ᔔ· ᔢ ᔕ· ᔤ ᔖ· ᔲ ᔨ· ᔴ ᔩ· ᔶ ᔪ· ᔸ ᔫ· ᔺ ᔭ· ᔼ ᔮ· ᘢ
ᕃ \u18e0 ᕃ· ᘣ ᕆ ᘤ ᕊ ᕏ ᕌ· ᖃ ᕐb ᖄ ᕐb\u0307 ᖁ ᕐd ᕿ ᕐP ᙯ ᕐᑫ ᕾ ᕐᑬ ᖀ ᕐᑮ ᖂ ᕐᑰ ᖅ ᕐᒃ ᕜ ᕚ· \u18e3 ᕞ· \u18e4
ᕦ· ᕩ ᕧ· \u18e5 ᕫ· \u18e8 ᖆ· ᖑ ᖕJ ᙰ ᖕᒉ ᖎ ᖕᒊ ᖏ ᖕᒋ ᖐ ᖕᒌ ᖒ ᖕᒎ ᖓ ᖕᒐ ᖔ ᖕᒑ ᙳ ᖖJ ᙱ ᖖᒋ ᙲ ᖖᒌ ᙴ ᖖᒎ ᙵ ᖖᒐ ᙶ ᖖᒑ
\u18ea ᖗ· \u1677 ᖧ· \u1678 ᖨ· \u1679 ᖩ· \u167a ᖪ· \u167b ᖫ· \u167c ᖬ· \u167d ᖭ· ⪫ ᗒ ⪪ ᗕ \ua4f7 ᗡ
\u18f0 ᗴ· \u18f2 ᘛ· \u1dbb ᙆ \ua4ed ᙠ \u18dc \u18dfᐞ \ua6b0 ᚹ ᛡ ᚼ ⍿ᛂ ᚽ \U0001d23f ᛋ ↑ ᛏ ↿ ᛐ ⥮ ᛐ⇂ ⥣
ᛐᛚ \u2d63 ᛯ ↾⨡ ᛚ ⋄◇◊♢\U0001f754\U000118b7\U00010294 ᛜ ⍚ ᛜ\u0332 ⋈⨝ ᛞ \U000104d0 ᛦ ↕ ᛨ ᆨ ᄀ ᄁᆩ ᄀᄀ
\u11fa ᄀᄂ \u115a ᄀᄃ ᇃ ᄀᄅ \u11fb ᄀᄇ ᆪ ᄀᄉ ᇄ ᄀᄉᄀ \u11fc ᄀᄎ \u11fd ᄀᄏ \u11fe ᄀᄒ ᆫ ᄂ ᄓᇅ ᄂᄀ ᄔ\u11ff ᄂᄂ ᄕᇆ
ᄂᄃ \ud7cb ᄂᄅ ᄖ ᄂᄇ \u115bᇇ ᄂᄉ \u115cᆬ ᄂᄌ \ud7cc ᄂᄎ ᇉ ᄂᄐ \u115dᆭ ᄂᄒ ᇈ ᄂᅀ ᆮ ᄃ ᄗᇊ ᄃᄀ ᄄ\ud7cd ᄃᄃ \ud7ce
ᄃᄃᄇ \u115eᇋ ᄃᄅ \ua960 ᄃᄆ \ua961\ud7cf ᄃᄇ \ua962\ud7d0 ᄃᄉ \ud7d1 ᄃᄉᄀ \ua963\ud7d2 ᄃᄌ \ud7d3 ᄃᄎ
\ud7d4 ᄃᄐ ᆯ ᄅ \ua964ᆰ ᄅᄀ \ua965\ud7d5 ᄅᄀᄀ ᇌ ᄅᄀᄉ \ud7d6 ᄅᄀᄒ ᄘᇍ ᄅᄂ \ua966ᇎ ᄅᄃ \ua967 ᄅᄃᄃ ᇏ ᄅᄃᄒ ᄙᇐ ᄅᄅ
\ud7d7 ᄅᄅᄏ \ua968ᆱ ᄅᄆ ᇑ ᄅᄆᄀ ᇒ ᄅᄆᄉ \ud7d8 ᄅᄆᄒ \ua969ᆲ ᄅᄇ \ud7d9 ᄅᄇᄃ \ua96a ᄅᄇᄇ ᇓ ᄅᄇᄉ \ua96bᇕ ᄅᄇᄋ
\ud7da ᄅᄇᄑ ᇔ ᄅᄇᄒ \ua96cᆳ ᄅᄉ ᇖ ᄅᄉᄉ ᄛ\ud7dd ᄅᄋ \ua96d ᄅᄌ \ua96eᇘ ᄅᄏ ᆴ ᄅᄐ ᆵ ᄅᄑ ᄚᄻᆶ\ud7f2 ᄅᄒ ᇗ ᄅᅀ
\ud7db ᄅᅌ ᇙ ᄅᅙ \ud7dc ᄅᅙᄒ ᆷ ᄆ \ua96fᇚ ᄆᄀ \ud7de ᄆᄂ \ud7df ᄆᄂᄂ \ua970 ᄆᄃ ᇛ ᄆᄅ \ud7e0 ᄆᄆ ᄜᇜ ᄆᄇ \ud7e1
ᄆᄇᄉ \ua971ᇝ ᄆᄉ ᇞ ᄆᄉᄉ ᄝᇢ ᄆᄋ \ud7e2 ᄆᄌ ᇠ ᄆᄎ ᇡ ᄆᄒ ᇟ ᄆᅀ ᆸ ᄇ ᄞ ᄇᄀ ᄟ ᄇᄂ ᄠ\ud7e3 ᄇᄃ ᇣ ᄇᄅ \ud7e4 ᄇᄅᄑ \ud7e5
ᄇᄆ ᄈ\ud7e6 ᄇᄇ ᄬ ᄇᄇᄋ ᄡᆹ ᄇᄉ ᄢ ᄇᄉᄀ ᄣ\ud7e7 ᄇᄉᄃ ᄤ ᄇᄉᄇ ᄥ ᄇᄉᄉ ᄦ ᄇᄉᄌ \ua972 ᄇᄉᄐ ᄫᇦ ᄇᄋ ᄧ\ud7e8 ᄇᄌ ᄨ\ud7e9
ᄇᄎ \ua973 ᄇᄏ ᄩ ᄇᄐ ᄪᇤ ᄇᄑ \ua974ᇥ ᄇᄒ ᆺ ᄉ ᄭᇧ ᄉᄀ ᄮ ᄉᄂ ᄯᇨ ᄉᄃ ᄰᇩ ᄉᄅ ᄱ\ud7ea ᄉᄆ ᄲᇪ ᄉᄇ ᄳ ᄉᄇᄀ \ud7eb ᄉᄇᄋ ᄊᆻ
ᄉᄉ \ud7ec ᄉᄉᄀ \ud7ed ᄉᄉᄃ \ua975 ᄉᄉᄇ ᄴ ᄉᄉᄉ ᄵ ᄉᄋ ᄶ\ud7ef ᄉᄌ ᄷ\ud7f0 ᄉᄎ ᄸ ᄉᄏ ᄹ\ud7f1 ᄉᄐ ᄺ ᄉᄑ \ud7ee ᄉᅀ
ᆼ ᄋ ᅁᇬ ᄋᄀ ᇭ ᄋᄀᄀ ᅂ ᄋᄃ \ua976 ᄋᄅ ᅃ ᄋᄆ ᅄ ᄋᄇ ᅅᇱ ᄋᄉ ᅇᇮ ᄋᄋ ᅈ ᄋᄌ ᅉ ᄋᄎ ᇯ ᄋᄏ ᅊ ᄋᄐ ᅋ ᄋᄑ \ua977 ᄋᄒ ᅆᇲ ᄋᅀ ᆽ ᄌ
\ud7f7 ᄌᄇ \ud7f8 ᄌᄇᄇ ᅍ ᄌᄋ ᄍ\ud7f9 ᄌᄌ \ua978 ᄌᄌᄒ ᆾ ᄎ ᅒ ᄎᄏ ᅓ ᄎᄒ ᆿ ᄏ ᇀ ᄐ \ua979 ᄐᄐ ᇁ ᄑ ᅖᇳ ᄑᄇ \ud7fa ᄑᄉ
ᅗᇴ ᄑᄋ \ud7fb ᄑᄐ \ua97a ᄑᄒ ᇂ ᄒ ᇵ ᄒᄂ ᇶ ᄒᄅ ᇷ ᄒᄆ ᇸ ᄒᄇ \ua97b ᄒᄉ ᅘ ᄒᄒ ᄽ ᄼᄼ ᄿ ᄾᄾ ᇫ ᅀ \ud7f3 ᅀᄇ \ud7f4 ᅀᄇᄋ
ᇰ ᅌ \ud7f5 ᅌᄆ \ud7f6 ᅌᄒ ᅏ ᅎᅎ ᅑ ᅐᅐ ᇹ ᅙ \ua97c ᅙᅙ \u11a3 ᅡー ᅶ ᅡᅩ ᅷ ᅡᅮ ᅢ ᅡ丨 ᅸ ᅣᅩ ᅹ ᅣᅭ \u11a4 ᅣᅮ ᅤ ᅣ丨 ᅼ
ᅥー ᅺ ᅥᅩ ᅻ ᅥᅮ ᅦ ᅥ丨 \u11a5 ᅧᅣ ᅽ ᅧᅩ ᅾ ᅧᅮ ᅨ ᅧ丨 ᅪ ᅩᅡ ᅫ ᅩᅡ丨 \u11a6 ᅩᅣ \u11a7 ᅩᅣ丨 ᅿ ᅩᅥ ᆀ ᅩᅥ丨 \ud7b0 ᅩᅧ ᆁ
ᅩᅧ丨 ᆂ ᅩᅩ \ud7b1 ᅩᅩ丨 ᆃ ᅩᅮ ᅬ ᅩ丨 \ud7b2 ᅭᅡ \ud7b3 ᅭᅡ丨 ᆄᆆ ᅭᅣ ᆅ ᅭᅣ丨 \ud7b4 ᅭᅥ ᆇ ᅭᅩ ᆈ ᅭ丨 ᆉ ᅮᅡ ᆊ ᅮᅡ丨 ᅯ ᅮᅥ
ᆋ ᅮᅥー ᅰ ᅮᅥ丨 \ud7b5 ᅮᅧ ᆌ ᅮᅧ丨 ᆍ ᅮᅮ ᅱ ᅮ丨 \ud7b6 ᅮ丨丨 ᆎ ᅲᅡ \ud7b7 ᅲᅡ丨 ᆏ ᅲᅥ ᆐ ᅲᅥ丨 ᆑ ᅲᅧ ᆒ ᅲᅧ丨 \ud7b8 ᅲᅩ ᆓ
ᅲᅮ ᆔ ᅲ丨 \ud7c5 ᆞᅡ ᆟ ᆞᅥ \ud7c6 ᆞᅥ丨 ᆠ ᆞᅮ ᆢ ᆞᆞ ᆡ ᆞ丨 ヘ へ ⍁⧄ 〼 ꒞ ꁊ ꒬ ꁐ ꒜ ꃀ ꒨ ꄲ ꒿ ꉙ ꒾ ꊱ ꒔ ꋍ ꓀ ꎫ ꓂ ꎵ ꒺ ꎿ ꒰
ꏂ ꒧ ꑘ \ua79b 𐐺 \ua79a 𐐒 \ufa70 並 ⎜⎟⎢⎥⎪⎮\u31d1ᅵ 丨 ᆜ 丨ー ᆘ 丨ᅡ ᆙ 丨ᅣ \ud7bd 丨ᅣᅩ \ud7be 丨ᅣ丨 \ud7bf 丨ᅧ
\ud7c0 丨ᅧ丨 ᆚ 丨ᅩ \ud7c1 丨ᅩ丨 \ud7c2 丨ᅭ ᆛ 丨ᅮ \ud7c3 丨ᅲ ᆝ 丨ᆞ \ud7c4 丨丨 \u31e0 乙 \u31df⺃ 乚 \u31d6⺂ 乛 ⻲ 亀
\u31da 亅 ニ 二 イ⺅ 亻 倂 併 \ufa73 侀 值 値 ⺎ 兀 \ufa74 充 \ufa72 全 ハ 八 \ufa75 冀 \ufa71 况 ⺉ 刂 カ 力 \ufa76 勇
\ufa77 勺 \u0fd6 卍 \u0fd5 卐 ト 卜 ⺋ 㔾 ロ囗 口 䎛 㖈 啟 啓 \ufa79 啕 \ufa7a 喙 \ufa78 喝 \ufa7b 嗢 士 土 㦳 㘽 \ufa7c
塚 填 塡 壿 墫 \ufa7d 墳 タ 夕 \ufa7e 奄 \ufa7f 奔 \ufa80 婢 嬀 媯 \ufa81 嬨 ⺐ 尢 ⺏ 尣 エ 工 ⺒ 巳 帲 帡 ⺓ 幺 \ufa82 廒
\ufa83 廙 ⺔ 彑 \ufa84 彩 \ufa85 徭 ⺖ 忄 ⺗ 㣺 \ufa6b 恵 \ufa86 惘 \ufa88 愈 \ufa87 慎 \ufa8a 慠 \ufa89 憎 \ufad0
𢡄 \ufacf 𢡊 \ufa8b 懲 \ufa8c 戴 戸 戶 ⺘ 扌 \ufa8d 揄 \ufa8f 摒 \ufa8e 搜 搉 㩁 ⺙ 攵 \ufa90 敖 ⻫ 斉 ⺛ 旡 曶 㫚 晩 晚
\ufa91 晴 肦 朌 胐 朏 胊 朐 脁 朓 胶 㬵 \ufa92 朗 脧 朘 \ufa93 望 幐 㬺 䐠 㬻 膧 朣 \ufa94 杖 柿 杮 \ufad1 𣏕 \ufad2 㮝 槩 㮣 樧
榝 ⻭ 歯 \ufa95 歹 ⺞ 歺 \ufa96 殺 ⺠ 民 ⺡ 氵 ⺢ 氺 \ufa97 流 潙 溈 \ufa99 滋 \ufa98 滛 \ufa9a 漢 \ufa9b 瀞 ⺣ 灬 \ufa9c
煮 \ufa6c 𤋮 ⺤ 爫 \ufa9e 爵 ⺦ 丬 ⺨ 犭 \ufa9f 犯 \ufaa0 猪 \ufaa1 瑱 \ufaa2 甆 \ufaa3 画 \ufaa5 瘟 \ufaa4 瘝
\ufaa6 益 \ufaa7 盛 \ufaa8 直 \ufad3 䀘 \ufaaa 着 \ufaa9 睊 \u9fc3\ufad4 䀹 晣 䀿 \ufad5 𥉉 \ufa9d 瞧 硏 研
\ufaab 磌 ⺭ 礻 \ufab8 視 \ufaac 窱 ⻯ 竜 \ufaad 節 \ufad6 𥳐 \ufaae 类 ⺯ 糹 絶 絕 \ufaaf 絛 \ufab0 練 \ufab1 缾 ⺫⺲
罒 ⺱ 罓 ⺹ 耂 \ufab2 者 ⺺ 肀 腁 胼 朦 䑃 \ufa6d 舘 ⺾⺿⻀ 艹 \ufab3 荒 \ufab4 華 蔿 蒍 虁 蘷 ⻁ 虎 \ufab5 蝹 ⻂ 衤 \ufab6 襁 ⻄
西 ⻃ 覀 \ufab7 覆 ⻅ 见 詽 訮 訞 䚶 \ufab9 調 \ufabb 請 \ufabe 諭 \ufaba 諸 \ufabd 諾 \ufabc 謁 \ufabf 謹 讏 讆
\ufac0 變 ⻈ 讠 豣 豜 \ufac1 贈 ⻉ 贝 趆 赿 \ufad7 𧻓 跺 跥 躛 躗 輧 軿 \ufac2 輸 ⻋ 车 ⻌⻍ 辶 \ufac3 遲 郞\ufa2e 郎 \ufac4
醙 \ufac5 鉶 鎮 鎭 ⻐ 钅 ⻑ 長 ⻒ 镸 ⻓ 长 ⻔ 门 ⻏⻖ 阝 \ufac6 陼 \ufa2f隸 隷 \ufac7 難 ⻘ 青 \ufac8 靖 \ufac9 韛 ⻙ 韦
\ufaca 響 \ufacb 頋 \ufacc 頻 ⻚ 页 ⻛ 风 ⻜ 飞 ⻝ 食 ⻟ 飠 ⻠ 饣 ⻢ 马 \ufacd 鬒 ⻤ 鬼 ⻥ 鱼 鹃 鹂 ⻨ 麦 ⻩ 黄 黒 黑 \ufad8 齃 ⻬
齐 ⻮ 齿 \ufad9 龎 ⻰ 龙 \uface 龜
"""
"""Pairs of words: characters, and what each of them looks like. It leaves out what NFKD resolves,
and signs and marks, which a look does not have (`presence.protocol.identity.look_of`)."""
