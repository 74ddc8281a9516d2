"""How each service reads a payload: what a person sees of it. Each refuses what the service refuses."""

import json
import re
from html.parser import HTMLParser
from urllib.parse import urlsplit


def read_slack(payload):
    """https://docs.slack.dev/reference/block-kit/blocks/rich-text-block: no text is empty."""
    (attachment,) = payload["attachments"]
    (block,) = attachment["blocks"]
    assert block["type"] == "rich_text"
    seen = []
    for section in block["elements"]:
        assert section["type"] == "rich_text_section"
        assert section["elements"]
        for element in section["elements"]:
            assert element["type"] in {"text", "link"}
            assert element["text"], "Slack: invalid_blocks"
            if element["type"] == "link":
                assert urlsplit(element["url"]).scheme in {"http", "https"}
            assert set(element.get("style", {})) <= {"bold", "italic", "code", "strike"}
            seen.append(element["text"])
    assert len("".join(seen)) <= 3_300
    assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", attachment["fallback"])
    return "".join(seen)


def links_of_slack(payload):
    (block,) = payload["attachments"][0]["blocks"]
    elements = [element for section in block["elements"] for element in section["elements"]]
    return {element["url"] for element in elements if element["type"] == "link"}


_DISCORD = re.compile(r"\\([^0-9A-Za-z\s])|(\*\*|[*_~`|]|\[|\]\(<[^<>]*>\)|<[@#:]|@everyone|@here|https?://)")


def read_discord(payload):
    """A backslash takes the meaning of the sign behind it; other signs have theirs."""
    assert payload["allowed_mentions"] == {"parse": []}
    (embed,) = payload["embeds"]
    assert 1 <= len(embed["title"]) <= 256, "Discord: BASE_TYPE_BAD_LENGTH"
    assert 1 <= len(embed["description"]) <= 4096, "Discord: BASE_TYPE_BAD_LENGTH"
    shown = [_DISCORD.sub(lambda m: m.group(1) or "", embed[part]) for part in ("title", "description")]
    return "\n".join(re.sub(r"^- ", "• ", text, flags=re.MULTILINE) for text in shown)


def links_of_discord(payload):
    (embed,) = payload["embeds"]
    return set(re.findall(r"(?<!\\)\]\(<([^<>]*)>\)", embed["description"])) | {embed.get("url")} - {None}


class _Html(HTMLParser):
    """Of four tags, each closed."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.text, self.links = [], [], set()

    def handle_starttag(self, tag, attrs):
        assert tag in {"b", "i", "code", "a"}, f"Unsupported start tag {tag}"
        self.open.append(tag)
        self.links |= {value for name, value in attrs if name == "href"}

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, "can't parse entities"

    def handle_data(self, data):
        self.text.append(data)


def _parse_html(text):
    stray = re.sub(r"&(?:lt|gt|amp|quot|#x27|#\d+);|</?(?:b|i|code)>|<a href=\"[^\"<>]*\">|</a>", "", text)
    assert not re.search(r"[<>&]", stray), f"can't parse entities: {stray}"
    reader = _Html()
    reader.feed(text)
    reader.close()
    assert not reader.open, "can't find end tag"
    return reader


def _parse_telegram(payload):
    assert payload["parse_mode"] == "HTML"
    assert isinstance(payload["chat_id"], (int, str))
    return _parse_html(payload["text"])


def read_telegram(payload):
    """https://core.telegram.org/bots/api#html-style"""
    text = "".join(_parse_telegram(payload).text)
    assert 1 <= len(text.encode("utf-16-le")) // 2 <= 4096, "Telegram: message is too long"
    return text


def links_of_telegram(payload):
    return _parse_telegram(payload).links


def read_msteams(payload):
    """https://adaptivecards.io/explorer/RichTextBlock.html"""
    assert len(json.dumps(payload).encode()) <= 28 * 1024, "Teams: 413, the card is too large"
    (attachment,) = payload["attachments"]
    seen = []
    for block in attachment["content"]["body"]:
        assert block["type"] == "RichTextBlock"
        assert block["inlines"]
        assert all(run["type"] == "TextRun" and run["text"] for run in block["inlines"])
        seen.append("".join(run["text"] for run in block["inlines"]))
    return "\n".join(seen)


def links_of_msteams(payload):
    card = payload["attachments"][0]["content"]
    runs = [run for block in card["body"] for run in block["inlines"]]
    links = {run["selectAction"]["url"] for run in runs if "selectAction" in run}
    return links | {action["url"] for action in card.get("actions", [])}


def read_matrix(payload):
    """https://spec.matrix.org/latest/client-server-api/#mroommessage-msgtypes"""
    assert len(json.dumps(payload).encode()) <= 60_000, "Matrix: 413 M_TOO_LARGE"
    assert (payload["format"], payload["m.mentions"]) == ("org.matrix.custom.html", {})
    shown = "\n".join("".join(_parse_html(line).text) for line in payload["formatted_body"].split("<br>"))
    assert shown == payload["body"]
    return shown


def links_of_matrix(payload):
    return _parse_html(payload["formatted_body"].replace("<br>", "\n")).links


def _parse_googlechat(payload):
    """https://developers.google.com/workspace/chat/format-messages#card-formatting"""
    assert len(json.dumps(payload).encode()) <= 32_000, "Google Chat: 400, the message is too large"
    assert set(payload) == {"fallbackText", "cardsV2"}  # a text could call people
    (card,) = payload["cardsV2"]
    ((widget,),) = [section["widgets"] for section in card["card"]["sections"]]
    html = re.sub(
        r'^<b><font color="#[0-9a-f]{6}">(.*?)</font></b>', r"<b>\1</b>", widget["textParagraph"]["text"]
    )
    assert "<code>" not in html
    return _parse_html(html.replace("<br>", "\n"))


def read_googlechat(payload):
    return "".join(_parse_googlechat(payload).text)


def links_of_googlechat(payload):
    return _parse_googlechat(payload).links


def read_code_block(text, language=""):
    """What stands in the block, and the links behind it."""
    head, *lines = text.split("\n")
    assert head == f"```{language}"
    end = lines.index("```")
    assert not any(re.search("`(?!\u2060)", line) for line in lines[:end])
    links = re.findall(r"\[[^\[\]`*_~<>@#:]+\]\(([^()<>\s]+)\)", "\n".join(lines[end + 1 :]))
    assert "".join(lines[end + 1 :]).count("](") == len(links)
    return "\n".join(lines[:end]).replace("`\u2060", "`"), set(links)


def read_mattermost(payload):
    """https://developers.mattermost.com/integrate/reference/message-attachments/"""
    (attachment,) = payload["attachments"]
    assert "text" not in payload
    assert len(json.dumps(attachment)) <= 8_000
    text, _ = read_code_block(attachment["text"])
    if "title" not in attachment:
        return text
    assert attachment["title_link"], "Mattermost: a title without a link is Markdown"
    return f"{attachment['title']}\n{text}"


def links_of_mattermost(payload):
    (attachment,) = payload["attachments"]
    return read_code_block(attachment["text"])[1] | {attachment.get("title_link")} - {None}


def _parse_rocketchat(payload):
    """https://developer.rocket.chat/apidocs/post-message"""
    assert not payload.keys() & {"text", "msg"}, "it could call people"
    (attachment,) = payload["attachments"]
    assert len(attachment["text"]) <= 6_000
    return read_code_block(attachment["text"])


def read_rocketchat(payload):
    return _parse_rocketchat(payload)[0]


def links_of_rocketchat(payload):
    return _parse_rocketchat(payload)[1]


def read_zulip(content):
    """https://zulip.com/help/format-your-message-using-markdown"""
    assert len(content) <= 10_000, "Zulip cuts it off"
    return read_code_block(content, "text")[0]


def links_of_zulip(content):
    return read_code_block(content, "text")[1]
