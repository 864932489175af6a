"""exasite"""
