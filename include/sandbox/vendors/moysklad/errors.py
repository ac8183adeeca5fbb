"""Refusals of MoySklad: a list of errors with numeric codes, or a bare status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse, Response

JSON = "application/json;charset=utf-8"
DOCUMENTATION = "https://dev.moysklad.ru/doc/api/remap/1.2/#error_"
TEXTS = {
    1000: "Элемент URI не является идентификатором",
    1002: "Неопознанный путь",
    1005: "Неизвестный тип",
    1014: "Неверное значение параметра фильтрации",
    1015: "Указана неверная версия в url",
    1016: "Доступ запрещен: у вас нет прав на просмотр данного объекта",
    1017: "Доступ запрещен: у вас нет прав на редактирование данного объекта",
    1021: "Объект не найден",
    1034: "Ошибка фильтрации",
    1035: "Ошибка фильтрации: неверный формат даты параметра фильтрации",
    1040: "Неверно заданы параметры запроса",
    1048: "Превышено ограничение на количество попыток проверки имени и пароля",
    1049: "Превышено ограничение на количество запросов в единицу времени",
    1056: "Ошибка аутентификации",
    1073: "Превышено ограничение на одновременное количество запросов",
    61000: "Ошибка при создании асинхронной задачи: эндпоинт не поддерживает асинхронный обмен",
    61001: "Ошибка при создании асинхронной задачи: нельзя указывать параметры 'offset' и 'limit'",
    61002: "Ошибка при создании асинхронной задачи: превышено ограничение на количество задач",
    61003: "Ошибка при запросе результата асинхронной задачи: результат задачи был удален",
    61006: "Ошибка при запросе результата асинхронной задачи: результат еще не готов",
}


class ApiError(Exception):
    """The API refuses a request; without a ``code`` the answer has no body."""

    def __init__(self, status: int, code: int = 0, detail: str = "", parameter: str = "") -> None:
        super().__init__(f"{status}/{code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.parameter = parameter

    def to_response(self, headers: Mapping[str, str]) -> Response:
        """The refusal as it goes over the wire."""
        if not self.code:
            return Response(status_code=self.status, headers=dict(headers))
        return JSONResponse(self.describe(), self.status, dict(headers), media_type=JSON)

    def describe(self) -> dict[str, Any]:
        """The body: a list of one error."""
        text = TEXTS.get(self.code, "Ошибка")
        error: dict[str, Any] = {
            "error": f"{text}: {self.detail}" if self.detail else text,
            "code": self.code,
            "moreInfo": f"{DOCUMENTATION}{self.code}",
        }
        if self.parameter:
            error["parameter"] = self.parameter
        return {"errors": [error]}
