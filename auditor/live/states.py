"""What mitmproxy knows of a flow, as the journal and the dump say it.

A flow can give its own state, but makes a dozen objects and the text of every certificate for it, on
the one thread that all traffic waits for. Here only what is asked for is taken; a test compares both.
"""

from mitmproxy import connection, flow, http, websocket

from auditor.sources.flows import Failure, Flow, Request, Response, Side, Socket


def known(one: flow.Flow) -> Flow:
    """Without the messages of a connection: they have their own records."""
    request, response = None, None
    if isinstance(one, http.HTTPFlow):
        request = _request(one.request.data)
        response = _response(one.response.data) if one.response else None
    return Flow(
        one.type,
        _side(one.client_conn, None),  # its address is its peername
        _side(one.server_conn, one.server_conn.address),
        Failure(one.error.msg) if one.error else None,
        one.timestamp_created,
        request,
        response,
        _end(one.websocket) if isinstance(one, http.HTTPFlow) and one.websocket else None,
    )


def _end(one: websocket.WebSocketData) -> Socket | None:
    """Why a WebSocket ended, where somebody said so."""
    if not one.close_reason:
        return None
    return Socket(closed_by_client=one.closed_by_client, close_reason=one.close_reason)


def _side(one: connection.Connection, address: tuple[str, int] | None) -> Side:
    return Side(
        one.sni,
        one.alpn,
        one.tls,
        one.tls_version,
        one.timestamp_tls_setup,
        list(address) if address else None,
        list(one.peername) if one.peername else None,
    )


def _request(one: http.RequestData) -> Request:
    return Request(
        one.method,
        one.scheme,
        one.host,
        one.port,
        one.path,
        list(one.headers.fields),
        one.authority,
        one.http_version,
        one.content,
        list(one.trailers.fields) if one.trailers is not None else None,
        one.timestamp_start,
    )


def _response(one: http.ResponseData) -> Response:
    return Response(
        one.status_code,
        list(one.headers.fields),
        one.content,
        list(one.trailers.fields) if one.trailers is not None else None,
        one.timestamp_start,
        one.reason,
    )
