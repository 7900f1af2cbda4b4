"""Tests of contributors."""
