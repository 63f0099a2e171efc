"""OAI-PMH 2.0: what harvesters (DOAJ, BASE, OpenAIRE, libraries) collect. See openarchives.org.

`request` reads the arguments, `listing` finds the records, `formats` describes an article, `answer` writes the XML.
"""
