"""Tests of the app, with a model that is small enough to be worked out by hand: python3 -m unittest discover app"""

import http.client
import json
import threading
import unittest

from model import Model
from serve import server


class Serving(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = server(0, Model(["wet_today"], [0.0], [1.0], [1.0], -0.5))
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection(*self.server.server_address)
        connection.request(method, path, body)
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return response.status, json.loads(text) if text.startswith("{") else text

    def test_health(self):
        self.assertEqual(self.ask("GET", "/health")[0], 200)

    def test_one_day(self):
        status, answer = self.ask("POST", "/predict", json.dumps({"wet_today": 1}))
        self.assertEqual((status, answer["rain_tomorrow"], answer["probability"]), (200, 1, 0.6225))

    def test_several_days(self):
        _, answer = self.ask("POST", "/predict", json.dumps([{"wet_today": 1}, {"wet_today": 0}]))
        self.assertEqual([day["rain_tomorrow"] for day in answer["predictions"]], [1, 0])

    def test_refusals(self):
        for body, words in (("{}", "wet_today"), ("[", "no JSON"), ("[1]", "object")):
            status, answer = self.ask("POST", "/predict", body)
            self.assertEqual(status, 400)
            self.assertIn(words, answer["error"])

    def test_metrics(self):
        self.ask("POST", "/predict", json.dumps({"wet_today": 0}))
        self.assertRegex(self.ask("GET", "/metrics")[1], r'rain_requests_total\{status="200"\} [1-9]')


if __name__ == "__main__":
    unittest.main()
