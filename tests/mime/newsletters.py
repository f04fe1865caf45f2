"""Pages in the manner of the common newsletter builders: nested tables, conditional comments, sloppy markup."""

MJML = """<!doctype html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:v="urn:schemas-microsoft-com:vml">
<head><title>Spring</title><!--[if !mso]><!--><meta http-equiv="X-UA-Compatible" content="IE=edge"><!--<![endif]-->
<meta http-equiv="Content-Type" content="text/html; charset=UTF-8"><style type="text/css">
#outlook a { padding:0; } body { margin:0; background:#f4f4f4 } p { display:block;margin:13px 0; } a > b { color: red }
</style>
<!--[if mso]><noscript><xml><o:OfficeDocumentSettings><o:AllowPNG/></o:OfficeDocumentSettings></xml></noscript>
<![endif]-->
</head>
<body style="word-spacing:normal;background-color:#f4f4f4;">
<div style="display:none;max-height:0">Preheader &amp; more&zwnj;&nbsp;</div>
<!--[if mso | IE]><table align="center"><tr><td><a href="https://shop.test/outlook-only">x</a><![endif]-->
<div style="margin:0px auto;max-width:600px;"><table align="center" border="0" cellpadding="0" cellspacing="0"
 role="presentation" style="width:100%;"><tbody><tr><td style="direction:ltr;padding:20px 0;text-align:center;">
<table><tr><td align="center" bgcolor="#414141" role="presentation" style="border-radius:3px;" valign="middle">
<a href="https://shop.test/spring?utm_source=mail&amp;utm_medium=email&copy=1" style="display:inline-block;color:#fff;
padding:10px 25px" target="_blank"> Shop <b>now</b> </a></td></tr></table></td></tr></tbody></table></div>
<!--[if mso | IE]></td></tr></table><![endif]-->
<a href="{{{UNSUBSCRIBE_URL}}}" data-no-track>Leave</a> <a href="mailto:help@shop.test">Help</a> <a href="#top">Top</a>
</body>
</html>
"""

TABLES = """<HTML><BODY BGCOLOR=#ffffff TEXT=#222222 LINK=blue>
<CENTER><TABLE WIDTH=600 BORDER=1 CELLPADDING=8><TR><TD COLSPAN=2><FONT FACE="Arial" SIZE=5>Weekly</FONT>
<TR><TD VALIGN=top WIDTH=50%><A HREF=http://shop.test/a?x=1&y=2 TARGET=_blank><IMG SRC="cid:one" WIDTH=80 HEIGHT=40
ALT="One"></A><P>Text <A
  HREF = 'http://shop.test/b'
  >second</A>
<TD><MAP NAME=m><AREA SHAPE=rect COORDS="0,0,10,10" HREF="https://shop.test/area"></MAP><A HREF="tel:+123">Call</A>
<UL><LI>one<LI><A HREF="https://shop.test/c" HREF="https://shop.test/never">c</A></UL></TABLE></CENTER></BODY></HTML>
"""

SLOPPY = """<p>No head, no body <a href=https://shop.test/unquoted>unquoted</a><b><i>wrong</b></i>
<a title="a > b" href='https://shop.test/single?q="x"'>single <a href="https://shop.test/nested">nested</a></a>
<table><a href="https://shop.test/foster">before</a><tr><td>cell</table>
<script>document.write('<a href="https://shop.test/script">')</script><textarea><a href="https://shop.test/area"></textarea>
<!-- <a href="https://shop.test/comment"> --> < a href="https://shop.test/space"> <a href="
https://shop.test/new
line">line</a> &lt;a href="https://shop.test/escaped"&gt; <a href>none</a><a href="/relative">rel</a>
<svg><a href="https://shop.test/svg"><text>s</text></a></svg><template><a href="https://shop.test/template">t</a></template>
Ende \U0001f40e <a href="https://shop.test/\xfcml\xe4ut">last</a>"""

ALL = {"mjml": MJML, "tables": TABLES, "sloppy": SLOPPY}
TARGETS = {
    "mjml": ["https://shop.test/spring?utm_source=mail&utm_medium=email&copy=1"],
    "tables": [
        "http://shop.test/a?x=1&y=2",
        "http://shop.test/b",
        "https://shop.test/area",
        "https://shop.test/c",
    ],
    "sloppy": [
        "https://shop.test/unquoted",
        'https://shop.test/single?q="x"',
        "https://shop.test/nested",
        "https://shop.test/foster",
        "https://shop.test/newline",
        "https://shop.test/template",
        "https://shop.test/\xfcml\xe4ut",
    ],
}
