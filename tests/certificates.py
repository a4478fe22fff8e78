"""Certificates for tests that speak TLS."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def make_certificates(directory, host="127.0.0.1", ends=timedelta(days=1)):
    """Returns paths of an authority, of one certificate that it signed, and of its key.

    Args:
        ends: When the certificate ends, from now on; the authority goes on for a day.
    """
    now = datetime.now(UTC)
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])

    def signed(subject, public_key, *, authority):
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(ca_name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=2))
            .not_valid_after(now + (timedelta(days=1) if authority else ends))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]),
                critical=False,
            )
        )
        return builder.sign(ca_key, hashes.SHA256())

    pem = serialization.Encoding.PEM
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    parts = {
        "ca": signed(ca_name, ca_key.public_key(), authority=True).public_bytes(pem),
        "cert": signed(name, key.public_key(), authority=False).public_bytes(pem),
        "key": key.private_bytes(pem, *plain),
    }
    for part, text in parts.items():
        (directory / f"{part}.pem").write_bytes(text)
    return {part: str(directory / f"{part}.pem") for part in parts}
