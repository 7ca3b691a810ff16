"""Hetzner's own client drives our double, from nothing to a server and back to nothing.

Each line on stdout is one thing that was asked, and what it came to.
"""

import json
import sys

from hcloud import APIException, Client
from hcloud.actions.domain import ActionFailedException
from hcloud.firewalls.domain import FirewallRule
from hcloud.images.domain import Image
from hcloud.locations.domain import Location
from hcloud.server_types.domain import ServerType

URL, TOKEN, READ_ONLY, KEY = sys.argv[1:5]
LABELS = {"managed-by": "test"}


def say(name, value):
    print(json.dumps({"name": name, "value": value}))


def client(token):
    return Client(token=token, api_endpoint=f"{URL}/v1", poll_interval=0.01)


def refused(name, call):
    try:
        call()
    except APIException as error:
        say(name, error.code)
    else:
        say(name, "not refused")


hetzner = client(TOKEN)
types = {it.name: it for it in hetzner.server_types.get_all()}
say("cores", types["cx33"].cores)
places = {it.location.name: it.available for it in types["cx33"].locations}
say("in stock", places)
say("images", sorted(it.architecture for it in hetzner.images.get_all(name="debian-12")))
say("locations", [it.name for it in hetzner.locations.get_all()])

key = hetzner.ssh_keys.create(name="anna", public_key=KEY, labels=LABELS)
say("by fingerprint", hetzner.ssh_keys.get_by_fingerprint(key.fingerprint).name)
refused("key twice", lambda: hetzner.ssh_keys.create(name="ben", public_key=KEY))

rules = [FirewallRule("in", "tcp", ["0.0.0.0/0", "2001:DB8::/32"], port="22")]
firewall = hetzner.firewalls.create(name="outer", rules=rules, labels=LABELS).firewall
say("sources", hetzner.firewalls.get_by_id(firewall.id).rules[0].source_ips)
dirty = [FirewallRule("in", "tcp", ["203.0.113.7/24"], port="22")]
refused("dirty network", lambda: hetzner.firewalls.create(name="dirty", rules=dirty))


def create(name="web", kind="cx33", image="debian-12"):
    return hetzner.servers.create(
        name=name,
        server_type=ServerType(name=kind),
        image=Image(name=image),
        location=Location(name="fsn1"),
        ssh_keys=[key],
        firewalls=[firewall],
        user_data="#!/bin/sh\n",
        labels=LABELS,
    )


made = create()
say("at first", made.server.status)
say("password", made.root_password)
refused("while it is placed", lambda: made.server.enable_backup())
made.action.wait_until_finished()
for action in made.next_actions:
    action.wait_until_finished()
server = hetzner.servers.get_by_name("web")
say("then", [server.status, server.server_type.name, server.image.name, server.location.name])
say("firewalls", [it.status for it in server.public_net.firewalls])
say("listed", [it.name for it in hetzner.servers.get_all(label_selector="managed-by==test")])
say("not listed", hetzner.servers.get_all(label_selector="managed-by!=test"))
refused("name twice", create)
refused("out of stock", lambda: create("other", "cpx32"))
refused("no such image", lambda: create("other", "cx33", "plan-9"))
refused("read only", lambda: client(READ_ONLY).servers.delete(server))
refused("no token", lambda: client("none").servers.get_all())

server.enable_backup().wait_until_finished()
server.change_protection(delete=True, rebuild=True).wait_until_finished()
server.reload()
say("kept", [server.backup_window, server.protection["delete"]])
refused("protected", server.delete)
refused("half protected", lambda: server.change_protection(delete=False, rebuild=True))
for action in firewall.set_rules([]):
    action.wait_until_finished()
say("no rules", hetzner.firewalls.get_by_id(firewall.id).rules)
refused("in use", firewall.delete)
server.change_protection(delete=False, rebuild=False).wait_until_finished()
server.delete().wait_until_finished()
say("gone", hetzner.servers.get_all())
firewall.delete()
key.delete()

print(json.dumps({"name": "doom", "value": None}), flush=True)
sys.stdin.readline()
key = hetzner.ssh_keys.create(name="anna", public_key=KEY)
firewall = hetzner.firewalls.create(name="outer").firewall
try:
    create().action.wait_until_finished()
except ActionFailedException as error:
    say("cannot be placed", error.action.error["code"])
say("nothing is left", hetzner.servers.get_all())
