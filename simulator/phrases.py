"""What creatives must not say, as planted: plain, and in forms that evade a scan."""

from __future__ import annotations

#: Rule family and its phrases: plain, then evasions by (kind, text).
FORBIDDEN: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "guaranteed_principal",
        (
            ("plain", "保本保息"),
            ("spaces", "保 本 保 息"),
            ("homophone", "宝本宝息"),
            ("traditional", "保證本金"),
            ("full_width", "１００％保本"),
        ),
    ),
    (
        "zero_risk",
        (
            ("plain", "零风险"),
            ("spaces", "零 风 险"),
            ("homophone", "零疯险"),
            ("traditional", "零風險"),
            ("full_width", "０风险"),
        ),
    ),
    (
        "guaranteed_return",
        (
            ("plain", "稳赚不赔"),
            ("spaces", "稳 赚 不 赔"),
            ("homophone", "稳转不赔"),
            ("traditional", "穩賺不賠"),
            ("full_width", "年收益１２％起承诺兑付"),
        ),
    ),
    (
        "guaranteed_approval",
        (
            ("plain", "百分百下款"),
            ("spaces", "百分百 下 款"),
            ("homophone", "百分百下筐"),
            ("traditional", "百分百放貸"),
            ("full_width", "１００％下款"),
        ),
    ),
    (
        "superlative",
        (
            ("plain", "全网最低利率"),
            ("spaces", "全网 最 低 利率"),
            ("homophone", "全网醉低利率"),
            ("traditional", "全網最低利率"),
            ("full_width", "全网Ｎｏ．１低利率"),
        ),
    ),
    (
        "inducement",
        (
            ("plain", "借钱不用还"),
            ("spaces", "借 钱 不 用 还"),
            ("homophone", "借前不用还"),
            ("traditional", "借錢不用還"),
            ("full_width", "０门槛借钱人人有份"),
        ),
    ),
)
EVASIONS = ("plain", "spaces", "homophone", "traditional", "full_width")
