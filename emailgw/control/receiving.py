"""Who wants received mail, as the operator lists, adds and removes it."""

from emailgw.control import inward
from emailgw.core.receiving import Rule
from emailgw.queue.inbox import Rules
from emailgw.wire.receiving import RuleRequest, make_rule
from emailgw.wire.times import show_iso


class ReceivingOperations:
    def __init__(self, rules: Rules) -> None:
        self._rules = rules

    async def list(self, request: inward.ListRules) -> inward.RulesAnswer:
        return inward.RulesAnswer(tuple(map(_show, await self._rules.all())))

    async def add(self, request: inward.AddRule) -> inward.RuleEntry:
        """Raises Rejected or Conflict."""
        rule = make_rule(RuleRequest(request.address, request.action, request.forward_to))
        return _show(await self._rules.add(rule))

    async def remove(self, request: inward.RemoveRule) -> inward.RuleEntry:
        """Raises NotFound."""
        return _show(await self._rules.remove(request.name))


def _show(rule: Rule) -> inward.RuleEntry:
    return inward.RuleEntry(rule.id, rule.pattern, rule.action.value, rule.forward_to, show_iso(rule.created_at))
