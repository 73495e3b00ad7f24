"""Keys of providers by what they begin with."""

from .patterns import Pattern

# Prefixes that providers give to their keys, so that they are found.
PREFIXES = (
    r"(?:sk|pk|rk)[-_]|xox[a-z]-|xapp-|gh[a-z]_|github_pat_|glpat-|gl[a-z]{2,4}-|hf_|r8_|npm_|pypi-|gsk_|xai-"
    r"|nvapi-|pplx-"
    r"|tvly-|AKIA|ASIA|AIza|ya29\.|SG\.|dop_v1_|shp[a-z]{2}_|lin_api_|whsec_|sq0[a-z]{3}-|EAA[A-Z]|dapi"
    r"|ntn_|figd_|rnd_|ls(?:v2)?_[a-z]{2}_|dckr_pat_|hv[sb]\.|ATATT|GOCSPX-|pcsk_|vercel_(?!ai_)|csk-|1//0|ops_eyJ"
    r"|dp\.[a-z]{2}\.|tgp_v1_|fo1_|sb[ps]_|AGE-SECRET-KEY-"
    r"|ABSK|bedrock-api-key-|api_org_|sess-(?=\w*\d)|HRKU-|GR1348941|ATBB|ATCTT|pscale_[a-z]+_|npg_|fm[12]_|gl(?:sa|c)_"
    r"|NR(?:AK|II|JS)-|ph[cxs]_|PMAK-|pul-|rdme_|xkeysib-|xsmtpsib-|sntry[su]_|snyk_|LTAI|jina_|e2b_|rpa_|LA-|fc-"
    r"(?=\w*\d)"
    r"|pat(?=\w{14}\.)|api_key_|apikey-|FLWSECK-|rzp_[a-z]+_|sb_secret_|sb_publishable_|ctx7sk-|nfp_|y[0-3]_[A-Za-z]"
    r"|t1\.[0-9A-Z]|STS\.[A-Z]|cfut_|v1\.local\."
)
# A token by itself, as a key may be one; in names of steps nobody mixes small letters, capitals and digits like this.
MIXED = r"(?=[\w-]{0,200}[a-z])(?=[\w-]{0,200}[A-Z])(?=(?:[\w-]{0,100}?\d){2})"
# The same without capitals, or without digits: one long run after the beginning, in which letters and digits take turns
# (in a time they do so twice), or in which capitals and one or two small letters do (a word has more of these).
IN_TURNS = r"(?=[a-z]*(?:\d+[a-z]+){3})[a-z0-9]{28,}"
OF_LETTERS = r"(?=[A-Za-z]{0,100}?(?:[A-Z]+[a-z]{1,2}){3}[A-Z])[A-Za-z]{20,}"
TOKEN = Pattern(
    rf"(?<![A-Za-z0-9_])(?:(?=(?:{PREFIXES}))(?:{MIXED}[\w-]{{20,}}"
    rf"|(?:[a-z0-9]{{1,12}}[-_.]){{1,3}}(?:{IN_TURNS}|{OF_LETTERS})(?![A-Za-z0-9]))"
    r"|dapi[0-9a-f]{32}(?!\w)|AKIA[0-9A-Z]{16}|xox[a-z]-\d{8,40}[\w-]*|eyJ[\w-]{8,}(?:\.[\w-]*){1,4})"
)
# What each of them has that is in small letters.
IN_SMALL = Pattern(r"[A-Za-z0-9]{20}|xox")
