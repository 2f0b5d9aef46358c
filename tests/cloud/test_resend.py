"""`issues resend`: what is missing goes now, and nobody is told twice."""

import json

import pytest
import yaml
from click.testing import CliRunner

from storeguard import resending
from storeguard.cli import main
from storeguard.cloud import notifier

SMS = "[강남 1호점] 재고 불일치: 바나나우유 1 (-1,500원) 22:21 #7"


@pytest.fixture
def resend(cloud, tmp_path, monkeypatch):
    """The command in a shop whose folder the notifier looks after whenever it waits."""
    notifier.notifier.cache_clear()
    config = {
        "store": {"id": "gangnam-1", "name": "강남 1호점"},
        "upload": {"bucket": cloud.bucket, "endpoint_url": cloud.url},
    }
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")

    def run(wanted="#7", *, hears=True):
        def sleep(_):
            for message in cloud.events() if hears else ():
                notifier.handler(json.loads(message["Body"]), None)

        monkeypatch.setattr("storeguard.clock.SystemPinClock.sleep", lambda _, s: sleep(s))
        done = CliRunner().invoke(
            main, ["issues", "resend", wanted, "--config", str(path), "--json"]
        )
        return done.exit_code, json.loads(done.stdout) if done.stdout else done.output

    yield run
    if notifier.notifier.cache_info().currsize:
        clients = notifier.notifier()._clients
        for one in (clients.s3, clients.dynamodb, clients.sns):
            one.close()
    notifier.notifier.cache_clear()


def test_an_issue_that_has_not_gone_goes_now_and_its_receipt_comes(resend, sealed, cloud):
    folder = sealed()
    code, said = resend()
    assert (code, said["state"], said["text"]) == (0, "confirmed", SMS)
    assert cloud.messages() == [SMS]
    assert (folder / ".receipt.json").exists()


def test_what_was_told_is_not_told_again_and_the_answer_says_when(resend, sealed, cloud):
    sealed()
    first = resend()[1]
    assert resend() == (0, first)
    assert cloud.messages() == [SMS]


def test_without_a_receipt_the_notifier_is_asked_again_and_the_answer_is_a_failure(
    resend, sealed, cloud, monkeypatch
):
    monkeypatch.setattr(resending, "RECEIPT_WITHIN_S", 0.05)
    folder = sealed()
    code, said = resend(hears=False)
    assert (code, said["state"], said["sent_at"]) == (1, "asked", None)
    assert any(f"{folder.name}/again/1/" in key for key in cloud.objects())
    monkeypatch.setattr(resending, "RECEIPT_WITHIN_S", 20.0)
    assert resend()[1]["text"] == SMS
