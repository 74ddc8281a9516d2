"""The serverless engine as the stories see it: the real packages on an emulated AWS."""

from tests.aws.deployment import Deployment
from tests.stories.engines import Faults, database_url


class ServerlessEngine:
    name = "serverless"

    def __init__(self, folder):
        self.deployment = Deployment(folder, database_url=database_url())

    def start(self, faults):
        assert faults == Faults(), "tests/aws/test_story.py makes its faults"
        self.deployment.start()

    def stop(self):
        self.deployment.stop()

    def wait_until(self, claim, *, within_s=90.0):
        return self.deployment.wait_until(claim, within_s=within_s)

    def send(self, queue, body):
        self.deployment.send(queue, body)

    def figures(self):
        return {
            queue: {
                "waiting": self.deployment.depth(queue),
                "dead_letters": self.deployment.depth(queue, dead=True),
            }
            for queue in self.deployment.urls
        }
