from delivery.outcomes import find_secrets, scrub


def test_parts_of_secret_addresses_are_hidden_but_not_the_words_of_their_paths():
    config = {"webhook_url": "https://hooks.slack.com/services/T00000001/B00000002/sLackS3cretT0ken"}
    said = "No services here, T00000001: sLackS3cretT0ken is unknown."
    assert scrub(said, find_secrets("slack", config)) == "No services here, •••: ••• is unknown."
