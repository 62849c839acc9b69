"""A mail server (aiosmtpd) that does what the arguments say, and tells by a line of JSON where it listens and
what it was given, as Python's own reader of mail understands it."""

import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


def tell(**what):
    print(json.dumps(what), flush=True)


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("unknown"):
            return f"550 5.1.1 <{address}>: there is no such person"
        if address.startswith("later"):
            return f"451 4.7.1 <{address}>: come again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        part = lambda kind: mail.get_body((kind,)).get_content().replace("\r\n", "\n")
        tell(
            sender=envelope.mail_from,
            recipients=envelope.rcpt_tos,
            headers=[[name, str(value)] for name, value in mail.items()],
            defects=[str(defect) for defect in mail.defects],
            kinds=[each.get_content_type() for each in mail.walk()],
            text=part("plain"),
            html=part("html"),
            ascii=envelope.content.isascii(),
            encrypted=session.ssl is not None or asked["security"] == "tls",
            signed_in=session.authenticated,
            client=session.peer[1],
        )
        return "250 2.0.0 taken on"


def authenticate(server, session, envelope, mechanism, login):
    given = (login.login.decode(), login.password.decode())
    return AuthResult(success=given == (asked["user"], asked["password"]), handled=False)


async def main():
    context = None
    if asked["security"] != "none":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(asked["certificate"], asked["key"])
    implicit = asked["security"] == "tls"

    def session():
        return SMTP(
            Handler(),
            enable_SMTPUTF8=asked.get("utf8", True),
            tls_context=None if implicit else context,
            require_starttls=asked["security"] == "starttls",
            auth_required=bool(asked.get("user")),
            auth_require_tls=not implicit,
            authenticator=authenticate,
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(session, "127.0.0.1", 0, ssl=context if implicit else None)
    tell(port=server.sockets[0].getsockname()[1])
    await loop.run_in_executor(None, sys.stdin.read)


asked = json.loads(sys.argv[1])
asyncio.run(main())
