"""Reminders, the daily digest and the weekly summary."""
