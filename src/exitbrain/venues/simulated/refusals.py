"""The venue's *no*: its error code, its words and the HTTP status it comes with."""

from __future__ import annotations

MESSAGES: dict[int, str] = {
    -1000: "An unknown error occurred while processing the request.",
    -1001: "Internal error; unable to process your request. Please try again.",
    -1003: "Too many requests; current limit is 2400 requests per minute.",
    -1007: "Timeout waiting for response from backend server. Send status unknown; execution status unknown.",
    -1008: "Server is currently overloaded with other requests. Please try again in a few minutes.",
    -1021: "Timestamp for this request is outside of the recvWindow.",
    -1022: "Signature for this request is not valid.",
    -1100: "Illegal characters found in parameter '{name}'.",
    -1102: "Mandatory parameter '{name}' was not sent, was empty/null, or malformed.",
    -1106: "Parameter '{name}' sent when not required.",
    -1111: "Precision is over the maximum defined for this asset.",
    -1115: "Invalid timeInForce.",
    -1116: "Invalid orderType.",
    -1117: "Invalid side.",
    -1120: "Invalid interval.",
    -1121: "Invalid symbol.",
    -1125: "This listenKey does not exist.",
    -2011: "Unknown order sent.",
    -2013: "Order does not exist.",
    -2014: "API-key format invalid.",
    -2015: "Invalid API-key, IP, or permissions for action.",
    -2018: "Balance is insufficient.",
    -2019: "Margin is insufficient.",
    -2021: "Order would immediately trigger.",
    -2022: "ReduceOnly Order is rejected.",
    -2025: "Reach max open order limit.",
    -4003: "Quantity less than or equal to zero.",
    -4004: "Quantity less than min quantity.",
    -4005: "Quantity greater than max quantity.",
    -4013: "Price less than min price.",
    -4014: "Price not increased by tick size.",
    -4015: "Client order id length should be not more than 36 chars.",
    -4016: "Limit price can't be higher than {limit}.",
    -4023: "Qty not increased by step size.",
    -4024: "Limit price can't be lower than {limit}.",
    -4028: "Leverage {leverage} is not valid",
    -4045: "Reach max stop order limit.",
    -4046: "No need to change margin type.",
    -4047: "Margin type cannot be changed if there exists open orders.",
    -4048: "Margin type cannot be changed if there exists position.",
    -4059: "No need to change position side.",
    -4061: "Order's position side does not match user's setting.",
    -4084: "Method is not allowed currently. Coming soon.",
    -4116: "ClientOrderId is duplicated.",
    -4117: "Stop order is in triggering process. Please try again later.",
    -4118: "ReduceOnly Order Failed. Please check your existing position and open orders.",
    -4120: "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.",
    -4130: "An open stop or take profit order with GTE and closePosition in the direction is existing.",
    -4131: "The counterparty's best price does not meet the PERCENT_PRICE filter limit.",
    -4136: "Target strategy invalid for orderType {kind},closePosition true.",
    -4137: "Quantity must be zero with closePosition equals true.",
    -4138: "Reduce only must be true with closePosition equals true.",
    -4164: "Order's notional must be no smaller than {notional} (unless you choose reduce only).",
    -4509: "Time in Force (TIF) GTE can only be used with open positions. Please ensure that positions are available.",
    -5000: "Path {path}, Method {method} is invalid.",
    -5021: "Due to the order could not be filled immediately, the FOK order has been rejected. "
    "The order will not be recorded in the order history.",
    -5022: "Due to the order could not be executed as maker, the Post Only order will be rejected. "
    "The order will not be recorded in the order history.",
}

STATUSES = {-1003: 429, -1007: 408, -1008: 503, -2014: 401, -2015: 401, -5000: 404}


class Refusal(Exception):
    """What the venue answers instead of doing it; nothing has changed."""

    def __init__(self, code: int, **words: object) -> None:
        self.code = code
        self.message = MESSAGES[code].format(**words)
        self.status = STATUSES.get(code, 400)
        super().__init__(f"{code} {self.message}")
